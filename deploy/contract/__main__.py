"""`python -m deploy.contract`: writes docs/contract anew."""

from deploy.contract.files import FOLDER, write_files

write_files(FOLDER)
